/** Everything that signs: people's turns and sessions, the seal, long-term validity. */
import type { Tx } from '../platform/db/index.ts';
import { AppError } from '../shared/index.ts';
import type { SigningDeps } from './deps.ts';
import { cancelTurn, completeTurn } from './end-turn.ts';
import { extendToArchiveLevel, payTimestamp } from './long-term.ts';
import { type SealKeys, seal } from './seal.ts';
import { openSession, type Session, type SessionRequest } from './session.ts';
import * as store from './store.ts';
import { openTurn, type TurnRequest } from './turn.ts';

export type Signing = ReturnType<typeof createSigning>;

/** Binds the verbs of the slice to their dependencies; contracts stand at `turn.ts`, `end-turn.ts`, `session.ts`, `seal.ts`, `long-term.ts`. */
export function createSigning(deps: SigningDeps & { readonly sealKeys: SealKeys }) {
  return {
    openTurn: (request: TurnRequest) => openTurn(deps, request),
    completeTurn: (request: Parameters<typeof completeTurn>[1]) => completeTurn(deps, request),
    cancelTurn: (request: Parameters<typeof cancelTurn>[1]) => cancelTurn(deps, request),
    openSession: (request: SessionRequest) => openSession(deps, request),
    async findSession(facilityId: string, clinicianId: string, id: string): Promise<Session> {
      const row = await store.findSession(deps.database.db, facilityId, id);
      if (row === undefined || row.clinicianId !== clinicianId) throw new AppError('SESSION_UNKNOWN');
      return { id: row.id, openedAt: row.openedAt, closedAt: row.closedAt, results: row.results as Session['results'] };
    },
    seal: (documentId: string, alongside: (tx: Tx) => Promise<void>) => seal(deps, documentId, alongside),
    payTimestamp: (documentId: string, alongside: (tx: Tx) => Promise<void>) =>
      payTimestamp(deps, documentId, alongside),
    extend: (documentId: string, alongside: (tx: Tx) => Promise<void>) =>
      extendToArchiveLevel(deps, documentId, alongside),
  };
}
