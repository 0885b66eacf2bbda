import { z } from 'zod';
import type { ResumePoint } from '../gateway/contract.ts';

/** Where the sessions of an account can be taken up again, as it is stored with the events. */
export interface DiscordCursor {
  /** Unix ms: when the platform was surely heard last. */
  readonly heardAt: number;
  /** By shard, e.g. `0/1`. */
  readonly points: Readonly<Record<string, ResumePoint>>;
}

const Stored = z.object({
  version: z.literal(1),
  heardAt: z.number(),
  points: z.record(
    z.string(),
    z.object({ sessionId: z.string(), seq: z.int().nonnegative(), resumeUrl: z.string() }),
  ),
});

export function formatCursor(cursor: DiscordCursor): string {
  return JSON.stringify({ version: 1, ...cursor });
}

/** Undefined when there is none, or it is not one of ours: then sessions begin anew. */
export function parseCursor(text: string | undefined): DiscordCursor | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = Stored.safeParse(JSON.parse(text));
    return parsed.success ? { heardAt: parsed.data.heardAt, points: parsed.data.points } : undefined;
  } catch {
    return undefined;
  }
}

export function shardName([index, count]: readonly [number, number]): string {
  return `${index}/${count}`;
}
