import type { ServerResponse } from 'node:http';
import { type Answer, type AgentServer, openAgentServer } from './agent-server.ts';
import { closeLater } from './egress.ts';

/** An answer that is written while the test looks on. */
export class Stream {
  readonly #response: ServerResponse;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.flushHeaders();
  }

  draft(text: string): void {
    this.#write({ op: 'draft', text });
  }

  send(text: string, fields: object = {}): void {
    this.#write({ op: 'send', text, ...fields });
  }

  /** A line as it is. */
  line(text: string): void {
    this.#response.write(`${text}\n`);
  }

  end(): void {
    this.#response.end();
  }

  /** As when the agent dies. */
  break(): void {
    this.#response.destroy();
  }

  #write(value: object): void {
    this.line(JSON.stringify(value));
  }
}

/** An agent that streams; it ends with the test. */
export class StreamingAgent {
  readonly server: AgentServer;

  private constructor(server: AgentServer) {
    this.server = server;
  }

  static async open(): Promise<StreamingAgent> {
    const server = await openAgentServer();
    closeLater(() => server.close());
    return new StreamingAgent(server);
  }

  get url(): string {
    return this.server.url;
  }

  /** Resolves with the stream when the next turn comes that no other is waiting for. */
  stream(): Promise<Stream> {
    return new Promise((resolve) => this.server.next((response) => resolve(new Stream(response))));
  }

  next(answer: Answer): void {
    this.server.next(answer);
  }
}
