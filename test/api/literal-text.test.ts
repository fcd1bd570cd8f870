/** HTML, Typst and other code in fields is no mistake: it is text, is kept as text and printed as it stands. */
import { describe, expect, test } from 'vitest';
import { isDict, isName, isStream, openPdf } from '../../src/engines/pdf/index.ts';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { post } from './support.ts';

const running = useAntin({ jobs: false });

/** Objects that would make a reader of the paper do something. */
const ACTIVE = ['JavaScript', 'Launch', 'SubmitForm', 'ImportData', 'GoToR', 'GoToE', 'RichMedia', 'Movie', 'Sound'];

function readPaper(pdf: Uint8Array): { readonly source: unknown; readonly active: string[] } {
  const { latest } = openPdf(pdf);
  const active: string[] = [];
  let source: unknown;
  for (const num of latest.objectNumbers()) {
    const object = latest.resolve({ kind: 'ref', num, gen: 0 });
    const dict = isStream(object) ? object.dict : isDict(object) ? object : undefined;
    const type = dict?.get('Type');
    if (isStream(object) && isName(type) && type.name === 'EmbeddedFile') {
      source = JSON.parse(new TextDecoder().decode(latest.streamBytes(object)));
    }
    const action = dict?.get('S');
    if (isName(action) && ACTIVE.includes(action.name)) active.push(action.name);
    if (dict?.has('OpenAction') || dict?.has('AA')) active.push('automatic action');
  }
  return { source, active };
}

describe('code in fields is accepted and stays text', () => {
  test.each(HOSTILE_TEXTS)('%s', async (_, text) => {
    const intake = dischargeCertificate(running(), { treatment: text, note: text, department: text.slice(0, 110) });
    const answer = await post(running(), { json: intake });
    expect(answer.status, await answer.clone().text()).toBe(201);
    const document = (await answer.json()) as { id: string; pages: number };
    expect(document.pages).toBe(1);

    const key = running().hospital.keys.recordsOfficer;
    const content = await post(running(), { method: 'GET', path: `/v1/documents/${document.id}/content`, key });
    expect(content.headers.get('content-type')).toMatch(/^application\/json/);
    expect(await content.json()).toMatchObject({ treatment: text, note: text });

    const pdf = await post(running(), { method: 'GET', path: `/v1/documents/${document.id}/pdf`, key });
    const paper = readPaper(new Uint8Array(await pdf.arrayBuffer()));
    expect(paper.source).toMatchObject({ content: { treatment: text, note: text } });
    expect(paper.active).toEqual([]);
  });
});
