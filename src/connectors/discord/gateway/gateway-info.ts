import { z } from 'zod';
import { AppError } from '../../../domain/errors.ts';

/** How many sessions may be started. */
export interface SessionStartLimit {
  readonly remaining: number;
  readonly resetAfterMs: number;
  readonly maxConcurrency: number;
}

export interface GatewayInfo {
  readonly url: string;
  /** As many as Discord recommends. */
  readonly shards: number;
  readonly limit: SessionStartLimit;
}

const count = z.number().int().nonnegative();

/** https://docs.discord.com/developers/events/gateway#get-gateway-bot */
const GatewayBot = z.object({
  url: z.string().min(1).max(2_048),
  shards: count.min(1).max(65_536),
  session_start_limit: z.object({
    remaining: count,
    reset_after: z.number().nonnegative(),
    max_concurrency: count.min(1).max(65_536),
  }),
});

/**
 * The answer of GET /gateway/bot.
 * @throws AppError `unavailable` when it is something else.
 */
export function parseGatewayInfo(body: unknown): GatewayInfo {
  const { data, error } = GatewayBot.safeParse(body);
  if (!data) {
    const field = error.issues[0]?.path.join('.') ?? '';
    throw new AppError(
      'unavailable',
      `The API did not say where its gateway is${field ? ` (field ${field})` : ''}. Check the API base URL.`,
    );
  }
  const { url, shards, session_start_limit: start } = data;
  return {
    url,
    shards,
    limit: {
      remaining: start.remaining,
      resetAfterMs: start.reset_after,
      maxConcurrency: start.max_concurrency,
    },
  };
}
