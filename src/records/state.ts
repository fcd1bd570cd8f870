/** States of a document and the only transitions between them. SQL has the same list as a check constraint; a test compares the two. */

import type { BilingualText } from '../shared/index.ts';

export const DOCUMENT_STATES = [
  'received',
  'rendered',
  'in-signing',
  'signed',
  'sealed',
  'extended',
  'archived',
  'returned',
  'withdrawn',
  'superseded',
  'stopped',
] as const;

export type DocumentState = (typeof DOCUMENT_STATES)[number];

/**
 * What happens to a document. `person-signed` is any signature but the last person's, `last-person-signed` the last one's;
 * `nobody-to-sign` is a document whose form asks for no person. A job that gave up leaves the state as it is (see `work.ts`).
 */
export type DocumentEvent =
  | 'render'
  | 'person-signed'
  | 'last-person-signed'
  | 'nobody-to-sign'
  | 'seal'
  | 'extend'
  | 'archive'
  | 'return'
  | 'withdraw'
  | 'supersede';

const TRANSITIONS: Readonly<Record<DocumentState, Readonly<Partial<Record<DocumentEvent, DocumentState>>>>> = {
  received: { render: 'rendered', withdraw: 'withdrawn' },
  rendered: {
    'person-signed': 'in-signing',
    'last-person-signed': 'signed',
    'nobody-to-sign': 'signed',
    return: 'returned',
    withdraw: 'withdrawn',
  },
  'in-signing': {
    'person-signed': 'in-signing',
    'last-person-signed': 'signed',
    return: 'returned',
    withdraw: 'withdrawn',
  },
  signed: { seal: 'sealed', withdraw: 'withdrawn' },
  sealed: { extend: 'extended' },
  extended: { archive: 'archived' },
  archived: { supersede: 'superseded' },
  returned: {},
  withdrawn: {},
  superseded: {},
  stopped: {},
};

/** The state after `event`, or undefined if the event cannot happen in that state. */
export function transition(from: DocumentState, event: DocumentEvent): DocumentState | undefined {
  return TRANSITIONS[from][event];
}

/** True while people may still sign. */
export function isOpenForSigning(state: DocumentState): boolean {
  return state === 'rendered' || state === 'in-signing';
}

/** The states as people read them. */
export const STATE_WORDS: Readonly<Record<DocumentState, BilingualText>> = {
  received: { vi: 'đã tiếp nhận', en: 'received' },
  rendered: { vi: 'chờ ký', en: 'waiting to be signed' },
  'in-signing': { vi: 'đang ký', en: 'being signed' },
  signed: { vi: 'đã ký đủ', en: 'signed by all' },
  sealed: { vi: 'đã đóng dấu', en: 'sealed' },
  extended: { vi: 'đã có hiệu lực dài hạn', en: 'extended' },
  archived: { vi: 'đã lưu trữ', en: 'archived' },
  returned: { vi: 'đã trả lại', en: 'returned' },
  withdrawn: { vi: 'đã thu hồi', en: 'withdrawn' },
  superseded: { vi: 'đã được thay thế', en: 'superseded' },
  stopped: { vi: 'đã dừng', en: 'stopped' },
};
