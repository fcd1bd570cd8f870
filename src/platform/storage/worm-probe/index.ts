/** Whether the hospital's own engine keeps the locks of Object Lock: tried daily on canaries, and certified. */
export { type CertificateKey, type ProbeCertificate, verifyProbeCertificate } from './certificate.ts';
export {
  createProbeKeeper,
  keepProbed,
  type LatestProbe,
  latestProbe,
  type ProbeKeeper,
  type ProbeKeepingDeps,
  probeNow,
} from './keep.ts';
export { type ProbeDeps, runWormProbe } from './probe.ts';
export type { CheckReport, LeftBehind, ProbeReport, Result, Severity, Verdict } from './report.ts';
