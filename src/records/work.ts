/** Background work on documents, as people see it: what waits and why, what gave up, and giving it another start. */
import type { AuditActor, AuditLog } from '../platform/audit/index.ts';
import type { Database } from '../platform/db/index.ts';
import type { Outbox, StoppedIntent } from '../platform/outbox/index.ts';
import { AppError } from '../shared/index.ts';

export interface WaitingWork {
  readonly job: string;
  readonly dueAt: Date;
  /** Tries begun; the cause is that of the last failed one. */
  readonly attempts: number;
  readonly causeCode: string | undefined;
}

/** A job that gave up after its last try; the document stays where it is until somebody restarts it. */
export interface StoppedWork {
  readonly id: number;
  readonly job: string;
  readonly documentId: string;
  readonly attempts: number;
  readonly causeCode: string;
  readonly stoppedAt: Date;
}

export type Work = ReturnType<typeof createWork>;

export function createWork(deps: { database: Database; outbox: Outbox; audit: AuditLog }) {
  const listStopped = async (facilityId: string): Promise<StoppedWork[]> =>
    (await deps.outbox.stopped(facilityId)).map(stoppedWork);
  return {
    listStopped,

    /** What is still to be done about one document. */
    async about(facilityId: string, documentId: string): Promise<{ waiting: WaitingWork[]; stopped: StoppedWork[] }> {
      const { pending, stopped } = await deps.outbox.about(facilityId, documentId);
      return { waiting: [...pending], stopped: stopped.map(stoppedWork) };
    },

    /** Starts a stopped job anew, its tries counted from zero; audited. @throws WORK_NOT_STOPPED. */
    async restart(facilityId: string, id: number, actor: AuditActor): Promise<void> {
      await deps.database.transaction(async (tx) => {
        if (!(await deps.outbox.restart(tx, facilityId, id))) throw new AppError('WORK_NOT_STOPPED');
        await deps.audit.record(tx, {
          facilityId,
          actor,
          action: 'work.restarted',
          object: { kind: 'work', id: String(id) },
        });
      });
    },
  };
}

function stoppedWork({ id, job, subject, attempts, causeCode, stoppedAt }: StoppedIntent): StoppedWork {
  return { id, job, documentId: subject, attempts, causeCode, stoppedAt };
}
