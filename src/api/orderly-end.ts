/** Ending a server so that no client loses a request: RFC 9112 §9.6, and what it leaves to chance between two processes. */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface OrderlyEnd {
  /**
   * From now on every answer ends its connection: who comes next opens a new one, with a process that stays.
   * @returns when all connections that are open now have ended, each with an answer or by its client: nobody is cut off who is
   *   just sending a request over an idle one. That may take as long as a client keeps a connection.
   */
  leave(): Promise<void>;
  /** Takes no new connection, ends idle ones, lets running requests end, at most `graceMs` (default 10 s); then cuts them off. */
  close(graceMs?: number): Promise<void>;
}

/** Of the event loop, each of which takes in one connection: as many as the system lets wait. */
const MOST_TURNS = 511;
const SHORT_TURN_MS = 0.5;

/** For a server that does not listen yet. */
export function orderlyEnd(server: Server): OrderlyEnd {
  let leaving = false;
  let arrived = 0;
  const open = new Map<Socket, Promise<void>>();
  const unanswered = new Set<ServerResponse>();
  server.on('connection', (socket: Socket) => {
    arrived += 1;
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    open.set(socket, ended);
    socket.once('close', () => {
      open.delete(socket);
      resolve();
    });
  });
  server.prependListener('request', (_request, response) => {
    arrived += 1;
    if (leaving) response.setHeader('connection', 'close');
    unanswered.add(response);
    response.once('close', () => unanswered.delete(response));
  });

  /**
   * Closing the port resets the connections that wait at it (unless somebody else keeps the socket open), and closing an idle
   * connection the request that was just sent over it. So first everything that has arrived is taken in: until a turn of the event
   * loop brings nothing, and is too short for anything to have come meanwhile.
   */
  const quiet = async (): Promise<void> => {
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const before = { arrived, at: performance.now() };
      await new Promise((resolve) => setImmediate(resolve));
      if (arrived === before.arrived && performance.now() - before.at < SHORT_TURN_MS) return;
    }
  };

  const leave = async (): Promise<void> => {
    leaving = true;
    for (const response of unanswered) if (!response.headersSent) response.setHeader('connection', 'close');
    await Promise.all(open.values());
  };

  return {
    leave,
    close: async (graceMs = 10_000) => {
      void leave();
      await quiet();
      const closed = new Promise<void>((done) => server.close(() => done()));
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(cut);
    },
  };
}
