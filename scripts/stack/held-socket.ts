/** A port that stays open while the processes that serve it come and go, as with a socket unit of systemd. */
import net from 'node:net';

export interface HeldSocket {
  /** For a child to inherit: it listens on it. Between two children connections wait. */
  readonly fd: number;
  close(): void;
}

/**
 * Binds the port; who inherits the socket begins to listen. (Node's public interface opens no socket without taking its
 * connections at once; this is what its `cluster` hands to children.) @throws when the port is taken.
 */
export function holdSocket(host: string, port: number): HeldSocket {
  const { _createServerHandle: bind } = net as unknown as {
    _createServerHandle(host: string, port: number, family: 4): HeldSocket | number;
  };
  const socket = bind(host, port, 4);
  if (typeof socket === 'number') throw new Error(`${host}:${port} cannot be bound (${socket})`);
  return socket;
}
