import { constants, createInflate } from 'node:zlib';
import type { Compression } from './gateway-url.ts';

export type Decoded =
  | { readonly kind: 'text'; readonly text: string }
  /** The rest of the message comes in a later frame. */
  | { readonly kind: 'partial' }
  /** Nothing after it can be read either: the stream is one. */
  | { readonly kind: 'unreadable'; readonly detail: string };

/** Turns the frames of one connection into text, in order: one `decode` at a time. */
export interface FrameDecoder {
  decode(frame: Buffer, isBinary: boolean): Promise<Decoded>;
  close(): void;
}

const kib = 1_024;
const mib = 1_024 * kib;

/** The longest message, as text. */
const textBytesMax = 8 * mib;
/** The longest frame of a compressed stream. */
const compressedBytesMax = 512 * kib;

/** The longest frame to take from the network. */
export function frameBytesMax(compress: Compression): number {
  return compress === 'none' ? textBytesMax : compressedBytesMax;
}

export function createFrameDecoder(compress: Compression): FrameDecoder {
  return compress === 'none' ? plainDecoder : new ZlibDecoder();
}

const plainDecoder: FrameDecoder = {
  decode: async (frame) => ({ kind: 'text', text: frame.toString('utf8') }),
  close: () => undefined,
};

/**
 * How a compressed message ends: with the mark of a flush
 * (https://docs.discord.com/developers/events/gateway#transport-compression).
 */
const flushMark = Buffer.from([0x00, 0x00, 0xff, 0xff]);

/** All messages of a connection are one zlib stream. What it inflates to is counted as it comes, so that a bomb ends early. */
class ZlibDecoder implements FrameDecoder {
  readonly #inflate = createInflate({ chunkSize: 64 * kib, flush: constants.Z_SYNC_FLUSH });
  #parts: Buffer[] = [];
  #size = 0;
  /** The last bytes that came, over the borders of frames. */
  #tail: Buffer = Buffer.alloc(0);
  #broken: string | undefined;
  #settle = (): void => undefined;

  constructor() {
    this.#inflate.on('readable', () => this.#take());
    this.#inflate.on('end', () => this.#break('The compressed stream has come to an end.'));
    this.#inflate.on('error', () => this.#break('The compressed stream is damaged.'));
    this.#inflate.on('close', () => this.#break('The compressed stream is closed.'));
  }

  async decode(frame: Buffer, isBinary: boolean): Promise<Decoded> {
    // The protocol of the socket tells compressed frames from plain ones.
    if (!isBinary) return { kind: 'text', text: frame.toString('utf8') };
    if (this.#broken === undefined) {
      await new Promise<void>((resolve) => {
        this.#settle = resolve;
        this.#inflate.write(frame, () => {
          this.#take();
          resolve();
        });
      });
    }
    if (this.#broken !== undefined) return { kind: 'unreadable', detail: this.#broken };
    this.#tail = Buffer.concat([this.#tail, frame.subarray(-flushMark.length)]).subarray(-flushMark.length);
    if (!this.#tail.equals(flushMark)) return { kind: 'partial' };
    this.#tail = Buffer.alloc(0);
    const text = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#size = 0;
    return { kind: 'text', text };
  }

  close(): void {
    this.#break('The compressed stream is closed.');
  }

  /** Takes all that has been inflated so far. */
  #take(): void {
    while (this.#broken === undefined) {
      const part = this.#inflate.read() as Buffer | null;
      if (part === null) return;
      this.#size += part.length;
      this.#parts.push(part);
      if (this.#size > textBytesMax) this.#break(`A message inflates to more than ${textBytesMax} bytes.`);
    }
  }

  #break(detail: string): void {
    this.#broken ??= detail;
    this.#parts = [];
    this.#inflate.destroy();
    this.#settle();
  }
}
