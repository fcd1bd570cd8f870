import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  formatCheckpoint,
  parseCheckpoint,
  rawPublicKey,
  signCheckpoint,
  verifierKey,
  verifyCheckpoint,
} from '../../../src/engines/merkle/index.ts';

/** RFC 8032 §7.1, test 1. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const PUBLIC = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';
const privateKey = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${SEED}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
});
const publicKey = new Uint8Array(Buffer.from(PUBLIC, 'hex'));
const checkpoint = { origin: 'antin/benh-vien-minh-hoa', size: 42, root: new Uint8Array(32).fill(7) };

describe('a checkpoint', () => {
  test('is three lines: origin, size, root', () => {
    const text = `antin/benh-vien-minh-hoa\n42\n${Buffer.alloc(32, 7).toString('base64')}\n`;
    expect(formatCheckpoint(checkpoint)).toBe(text);
    expect(parseCheckpoint(text)).toEqual(checkpoint);
    expect(parseCheckpoint(formatCheckpoint({ ...checkpoint, extensions: ['time 1'] }))?.extensions).toEqual([
      'time 1',
    ]);
  });

  test.each([
    ['no final line feed', 'a\n1\n'],
    ['leading zero', `a\n042\n${Buffer.alloc(32).toString('base64')}\n`],
    ['short root', `a\n42\n${Buffer.alloc(31).toString('base64')}\n`],
    ['blank in the origin', `a b\n42\n${Buffer.alloc(32).toString('base64')}\n`],
    ['empty extension line', `a\n42\n${Buffer.alloc(32).toString('base64')}\n\n`],
    ['empty', ''],
  ])('with %s is none', (_, text) => {
    expect(parseCheckpoint(text)).toBeUndefined();
  });

  test('verifies under its key and name, and under no other', () => {
    const note = signCheckpoint(checkpoint, privateKey);
    expect(rawPublicKey(createPublicKey(privateKey))).toEqual(publicKey);
    expect(verifyCheckpoint(note, checkpoint.origin, publicKey)).toEqual(checkpoint);
    expect(verifyCheckpoint(note, 'antin/other', publicKey)).toBeUndefined();
    const other = rawPublicKey(generateKeyPairSync('ed25519').publicKey);
    expect(verifyCheckpoint(note, checkpoint.origin, other)).toBeUndefined();
  });

  test('with the signature of a witness beside ours still verifies', () => {
    const note = `${signCheckpoint(checkpoint, privateKey)}— witness.example ${Buffer.alloc(76, 1).toString('base64')}\n`;
    expect(verifyCheckpoint(note, checkpoint.origin, publicKey)).toEqual(checkpoint);
  });

  test('changed in any one character no longer verifies', () => {
    const note = signCheckpoint(checkpoint, privateKey);
    for (let at = 0; at < note.length; at += 1) {
      const changed = `${note.slice(0, at)}${note[at] === 'x' ? 'y' : 'x'}${note.slice(at + 1)}`;
      expect(verifyCheckpoint(changed, checkpoint.origin, publicKey), `character ${at}`).toBeUndefined();
    }
  });

  test('names its key as signed notes do', () => {
    // The example key of the signed-note format.
    const key = Buffer.from('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'base64').subarray(1);
    expect(verifierKey('PeterNeumann', key)).toBe('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW');
  });

  test('that a note cannot hold is refused', () => {
    expect(() => formatCheckpoint({ ...checkpoint, origin: 'two words' })).toThrow(RangeError);
    expect(() => formatCheckpoint({ ...checkpoint, extensions: ['a\nb'] })).toThrow(RangeError);
    expect(() => formatCheckpoint({ ...checkpoint, size: -1 })).toThrow(RangeError);
  });
});
