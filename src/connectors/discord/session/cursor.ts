import { z } from 'zod';
import type { ResumePoint } from '../gateway/contract.ts';

/** Where the sessions of an account can be taken up again, as it is stored with the events. */
export interface DiscordCursor {
  /** Unix ms: what came until then is committed, and a gap after a crash begins there. */
  readonly heardAt: number;
  /**
   * As whom and with which intents the sessions were begun. They go on like that, whatever is configured since: a
   * session of another kind is not taken up again. Absent in a cursor of an earlier version.
   */
  readonly begunAs?: string | undefined;
  /** By shard, e.g. `0/1`. */
  readonly points: Readonly<Record<string, ResumePoint>>;
}

const Stored = z.object({
  version: z.literal(1),
  heardAt: z.number(),
  begunAs: z.string().optional(),
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
    if (!parsed.success) return undefined;
    const { heardAt, begunAs, points } = parsed.data;
    return { heardAt, begunAs, points };
  } catch {
    return undefined;
  }
}

export function shardName([index, count]: readonly [number, number]): string {
  return `${index}/${count}`;
}
