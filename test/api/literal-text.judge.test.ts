/** An outside reader (poppler) finds the code of fields on the paper, letter for letter. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { dischargeCertificate, useAntin } from '../support/antin.ts';
import { HOSTILE_TEXTS } from './hostile-text.ts';
import { post } from './support.ts';

const running = useAntin({ jobs: false });

const judged = (command: string, args: readonly string[], input: Uint8Array): string =>
  execFileSync(command, args, { input, encoding: 'utf8' });

/** Where a line breaks is the paper's affair. */
const dense = (text: string): string => text.replace(/\s/g, '');

test.each(HOSTILE_TEXTS)('%s is printed as it stands', async (_, text) => {
  const received = await post(running(), { json: dischargeCertificate(running(), { treatment: text }) });
  const { id } = (await received.json()) as { id: string };
  const key = running().hospital.keys.recordsOfficer;
  const answer = await post(running(), { method: 'GET', path: `/v1/documents/${id}/pdf`, key });
  const paper = judged('pdftotext', ['-raw', '-', '-'], new Uint8Array(await answer.arrayBuffer()));
  expect(dense(paper)).toContain(dense(text));
});
