/** What is measured on: a throw-away authority, a rendition of about 50 kB, signers, and signed files made from it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPkcs12, rawSigner, type SigningScheme, toPem } from '../src/engines/crypto/index.ts';
import { extend, type LocalSigner, type SignOptions, sign } from '../src/engines/pades/index.ts';
import { createRenderer, loadStampFont, type Renderer, type RenderJob } from '../src/engines/render/index.ts';
import { loadFonts, loadForms } from '../src/forms/index.ts';
import {
  type Authority,
  authorityTransport,
  createAuthority,
  type Identity,
  issueDemoCast,
} from '../src/platform/trust/authority/index.ts';
import { createMaterialSource, createTimestampSource } from '../src/platform/trust/index.ts';
import { systemClock } from '../src/shared/index.ts';
import type { SigningKeys } from './rivals/index.ts';

export interface Materials {
  readonly authority: Authority;
  readonly renderer: Renderer;
  /** Jobs of all forms that we set ourselves, by form. */
  readonly jobs: ReadonlyMap<string, RenderJob>;
  /** A discharge certificate, PDF/A-3a, unsigned, with three empty signature fields. */
  readonly certificate: Uint8Array;
  /** A shorter paper of about 50 kB, PDF/A-3a, unsigned, with one empty signature field `ChuKy`: what all signers sign. */
  readonly paper: Uint8Array;
  readonly fallbackFont: Uint8Array;
  close(): Promise<void>;
}

const PAPER = {
  template: `#import "/antin.typ": *
#show: rendition
= #data.title
#for line in data.lines { par(line) }
#signature-box("ChuKy")`,
  data: {
    title: 'Phiếu theo dõi',
    lines: Array.from({ length: 20 }, (_, day) => `Ngày thứ ${day + 1}: người bệnh tỉnh, tiếp xúc tốt, ăn uống được.`),
  },
  slots: [{ field: 'ChuKy', label: 'Chữ ký' }],
  demo: false,
};

const FACILITY = { name: 'Bệnh viện Đa khoa Minh Hoạ', parentAuthority: 'Sở Y tế tỉnh Minh Hoạ', place: 'Minh Hoạ' };

export async function prepareMaterials(): Promise<Materials> {
  const authority = await createAuthority({ clock: systemClock });
  await issueDemoCast(authority);
  const fonts = await loadFonts();
  const renderer = createRenderer({
    fonts: fonts.faces,
    fontFamily: fonts.family,
    stampFont: await loadStampFont(fonts.regular),
  });
  const jobs = new Map<string, RenderJob>();
  const now = systemClock.now();
  for (const form of (await loadForms()).list()) {
    if (form.source !== 'content') continue;
    const job = form.job(form.check(form.sample(), now), {
      facility: FACILITY,
      documentNumber: '000001/BENCH/2026',
      lookupCode: '0123456789ABCDEFGHJKMNPQRS',
      lookupUrl: 'http://127.0.0.1:8080/tra-cuu/0123456789ABCDEFGHJKMNPQRS',
      issuedAt: now,
      demo: true,
    });
    jobs.set(form.id, job);
  }
  const job = jobs.get('giay-ra-vien');
  if (job === undefined) throw new Error('the discharge certificate has gone');
  const [certificate, paper] = [await renderer.render(job), await renderer.render({ ...job, ...PAPER })];
  return {
    authority,
    renderer,
    jobs,
    certificate: certificate.pdf,
    paper: paper.pdf,
    fallbackFont: fonts.regular,
    close: () => renderer.close(),
  };
}

export function localSigner(identity: Identity, scheme: SigningScheme = identity.scheme): LocalSigner {
  const { certificate, chain, privateKey } = identity;
  return { certificate, chain, scheme, sign: rawSigner(privateKey, scheme) };
}

/** What everybody is asked for in the comparison: B-B, an existing field, a reason, no appearance. */
export function plainOptions(field: string): SignOptions {
  return { field, claimedTime: systemClock.now(), reason: 'Bench' };
}

/** As the main road makes it: two people and the seal with stamps and time-stamps, then validation data and archive time-stamp. */
export async function threeSignatureFile(materials: Materials): Promise<Uint8Array> {
  const { authority, certificate, fallbackFont } = materials;
  const anchors = [authority.root];
  const transport = authorityTransport(authority);
  const clock = systemClock;
  const timestamp = createTimestampSource({ urls: [authority.timestampUrl], transport, clock, anchors });
  const material = createMaterialSource({ transport, clock, anchors });
  let bytes = certificate;
  for (const [slug, field, lines] of SIGNERS) {
    const signed = await sign(bytes, localSigner(authority.identity(slug)), {
      field,
      claimedTime: clock.now(),
      appearance: { lines },
      fallbackFont,
      timestamp,
      ...(bytes === certificate ? { certify: 2 as const } : {}),
    });
    bytes = signed.pdf;
  }
  const extended = await extend(bytes, 'B-LTA', { timestamp, material, anchors, at: clock.now() });
  if (extended.reached !== 'B-LTA') throw new Error(`reached only ${extended.reached}: ${extended.reasons.join(' ')}`);
  return extended.pdf;
}

const SIGNERS = [
  ['practitioner', 'NguoiHanhNghe', ['BS. Trần Văn Mẫu', 'Người hành nghề']],
  ['representative', 'DaiDienDonVi', ['TS.BS. Nguyễn Thị Ví Dụ', 'Giám đốc']],
  ['seal', 'DauDonVi', ['Bệnh viện Đa khoa Minh Hoạ']],
] as const;

let variant = 0;

/**
 * `count` files that are like this one but for the identifier of the first revision (ISO 32000-2 §14.4). The engine has seen none of
 * them before and remembers nothing of them.
 */
export function variants(pdf: Uint8Array, count: number): Uint8Array[] {
  const identifier = /\/ID *\[ *[(<](?=[A-Za-z0-9+/]{12})/.exec(Buffer.from(pdf).toString('latin1'));
  if (identifier === null) throw new Error('the file has no identifier that can be changed');
  const place = identifier.index + identifier[0].length;
  return Array.from({ length: count }, () => {
    variant += 1;
    const copy = new Uint8Array(pdf);
    copy.set(Buffer.from(String(variant).padStart(12, '0'), 'latin1'), place);
    return copy;
  });
}

/** Signed `count` times, one after the other, each signature in an invisible field of its own. */
export async function signedTimes({ authority }: Materials, paper: Uint8Array, count: number): Promise<Uint8Array> {
  const signer = localSigner(authority.identity('head'));
  let bytes = paper;
  for (let number = 1; number <= count; number += 1) {
    bytes = (await sign(bytes, signer, invisibleField(`ChuKy${number}`))).pdf;
  }
  return bytes;
}

export function invisibleField(field: string): SignOptions {
  return { ...plainOptions(field), newField: 'invisible', newFieldAfterSignature: true };
}

/** Writes the keys that rivals sign with. One iteration of the key derivation: opening the file is not what is measured. */
export async function writeKeys({ authority }: Materials, folder: string): Promise<SigningKeys> {
  const passphrase = 'bench';
  const write = async (slug: string) => {
    const identity = authority.identity(slug);
    const file = async (name: string, chain: Identity['chain']) => {
      const path = join(folder, `${slug}${name}.p12`);
      await writeFile(path, createPkcs12({ ...identity, chain, password: passphrase, iterations: 1 }));
      return path;
    };
    return { p12: await file('', identity.chain), alone: await file('-alone', []), passphrase };
  };
  return { 'RSA-2048': await write('practitioner'), 'P-256': await write('head') };
}

export async function writeAnchor({ authority }: Materials, folder: string): Promise<void> {
  await writeFile(join(folder, 'root.pem'), toPem(authority.root));
}
