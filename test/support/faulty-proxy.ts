/** A TCP proxy that passes requests on and loses answers when told to; optionally speaks TLS to its clients. */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';

export interface FaultyProxy {
  /** `http(s)://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** The answer to the next request whose head matches never comes: the connection breaks once the server has answered. */
  loseAnswerTo(head: RegExp): void;
  /** Whether that has happened. */
  lost(): boolean;
  /** Heads of the requests that were passed on: method, path, headers. */
  readonly heads: string[];
  close(): Promise<void>;
}

export async function startFaultyProxy(
  target: string,
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const heads: string[] = [];
  let losing: RegExp | undefined;
  let lost = false;

  const serve = (client: Socket): void => {
    const server = connect(Number(port), hostname);
    let breaking = false;
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    client.on('data', (data) => {
      const head = data.toString('latin1').split('\r\n\r\n')[0] ?? '';
      if (/^(?:GET|HEAD|PUT|POST|DELETE) /.test(head)) heads.push(head);
      if (losing?.test(head)) {
        losing = undefined;
        breaking = true;
      }
      server.write(data);
    });
    server.on('data', (data) => {
      if (!breaking) return void client.write(data);
      lost = true;
      client.destroy();
    });
  };
  const server: Server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    endpoint: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    loseAnswerTo: (head) => {
      losing = head;
      lost = false;
    },
    lost: () => lost,
    heads,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
