export interface EmbeddedServer {
  readonly url: string;
  stop(): Promise<void>;
}
export declare function startEmbeddedServer(dataDir: string): Promise<EmbeddedServer>;
