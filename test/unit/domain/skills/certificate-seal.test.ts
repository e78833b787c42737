import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { createCertificateChecker } from '../../../../adapters/certificate-crypto.ts';
import {
  formatCertificate,
  parseCertificate,
  signCertificate,
  verifyCertificate,
} from '../../../../domain/skills/certificate-seal.ts';
import type { PromotionCertificate } from '../../../../domain/skills/certificate.ts';
import { bundleWith } from './bundles.ts';
import { bodyFor, certificateFor, createTestSigner } from './certificates.ts';

const bundle = bundleWith();
const signer = createTestSigner();
const checker = createCertificateChecker();
const certificate = certificateFor(bundle, signer);
const expected = { bundle, publicKey: signer.publicKey };
const verify = (one: PromotionCertificate, expectations: Parameters<typeof verifyCertificate>[1] = expected) =>
  verifyCertificate(one, expectations, checker);

/** Signs a body some of which was changed. */
function signed(change: (body: ReturnType<typeof bodyFor>) => object) {
  const body = bodyFor(bundle);
  return signCertificate({ ...body, ...change(body) }, signer);
}

describe('a promotion certificate', () => {
  it('holds for the bundle it is for, by the node that signed it', () => {
    expect(verify(certificate)).toEqual({ ok: true, certificate });
    expect(verify(certificate, {})).toMatchObject({ ok: true });
  });

  it('reads back from its file as it was', () => {
    const text = formatCertificate(certificate);
    expect(parseCertificate(text)).toEqual(certificate);
    expect(text).toMatch(/^\{\n {2}"body": \{\n {4}"approval": /);
  });

  it('is refused with any byte of its file changed', () => {
    const bytes = Buffer.from(formatCertificate(certificate));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const read = parseCertificate(changed.toString('utf8'));
        expect(read === undefined || !verify(read).ok).toBe(true);
      }),
      { numRuns: 1500 },
    );
  });

  it('is refused with a byte more or less', () => {
    const text = formatCertificate(certificate);
    for (const changed of [` ${text}`, `${text}\n`, text.slice(0, -1), text.replace('"v": 1', '"v":  1')]) {
      expect(parseCertificate(changed)).toBeUndefined();
    }
  });

  it('is refused when it is signed by another key, even if it holds by itself', () => {
    const foreign = certificateFor(bundle);
    expect(verify(foreign, { bundle })).toMatchObject({ ok: true });
    expect(verify(foreign)).toEqual({ ok: false, problems: ['It is signed by another node.'] });
    expect(verify({ ...certificate, publicKey: foreign.publicKey }, { bundle })).toMatchObject({ ok: false });
  });

  it('is refused for another version and another manifest', () => {
    const other = bundleWith({ 'notes.md': 'x' });
    expect(verify(certificate, { bundle: other })).toEqual({
      ok: false,
      problems: ['It is for another version of the skill.'],
    });
    const wider = {
      ...bundle,
      manifest: { ...bundle.manifest, permissions: { ...bundle.manifest.permissions, hosts: ['a.org'] } },
    };
    expect(verify(certificate, { bundle: wider })).toEqual({
      ok: false,
      problems: ['It names another manifest than the skill has.'],
    });
  });

  it('is not fooled by a signature of the same bytes for another purpose', () => {
    const bare = signer.sign(signer.hash(JSON.stringify(certificate.body)));
    expect(verify({ ...certificate, signature: bare })).toMatchObject({ ok: false });
  });

  it('is refused when it holds but says what cannot be', () => {
    const runs = bodyFor(bundle).evidence.runs;
    const [first] = runs;
    const twice = [first!, { ...first!, runId: 'run-x' }, runs[2]!];
    const evidence = (change: object) => signed((body) => ({ evidence: { ...body.evidence, ...change } }));
    expect(verify(evidence({ runs: twice }))).toEqual({
      ok: false,
      problems: ['Its three runs are not of three different cases.'],
    });
    expect(verify(evidence({ runs: runs.map((run) => ({ ...run, runId: 'same' })) }))).toMatchObject({
      problems: ['It counts one run twice.'],
    });
    expect(verify(signed(() => ({ promotedAt: 1 })))).toMatchObject({ problems: ['A run ended after the promotion.'] });
    const worse = { benefit: { cases: 4, withSkill: 1, withoutSkill: 3, model: 'm' } };
    expect(verify(evidence(worse))).toMatchObject({ problems: [expect.stringContaining('no reason is given')] });
    const withReason = signed((body) => ({ evidence: { ...body.evidence, ...worse }, override: 'needed offline' }));
    expect(verify(withReason)).toMatchObject({ ok: true });
  });

  it('refuses a key that is none instead of failing', () => {
    expect(verify({ ...certificate, publicKey: 'f'.repeat(64) }, {})).toMatchObject({ ok: false });
    expect(verify({ ...certificate, signature: '0'.repeat(128) })).toMatchObject({ ok: false });
    expect(verify({ body: {} } as PromotionCertificate)).toMatchObject({ ok: false });
  });
});
