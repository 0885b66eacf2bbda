import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ManualClock } from '../../../../test/support/manual-clock.ts';
import { Limiter, type Permit } from './limiter.ts';
import type { RateFacts } from './rate-facts.ts';
import { priorities, type Priority } from './request.ts';
import { toTarget } from './route.ts';

interface Op {
  readonly gapMs: number;
  readonly channel: number;
  readonly route: number;
  readonly priority: Priority;
  readonly upMs: number;
  readonly downMs: number;
  /** The answer is lost on its way. */
  readonly lost: boolean;
}

interface Rules {
  readonly limit: number;
  readonly windowMs: number;
  readonly globalMax: number;
  /** Whether the routes have one bucket together. */
  readonly shared: boolean;
  readonly tellsWindowEnd: boolean;
}

const routes = ['/channels/{channel}/messages', '/channels/{channel}/typing'];

/** The limits as a server counts them: windows that begin with their first request. */
class Server {
  readonly #rules: Rules;
  readonly #windows = new Map<string, { endsAt: number; used: number }>();
  readonly #seconds: number[] = [];
  overruns = 0;
  globalOverruns = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  handle({ channel, route }: Op, now: number): RateFacts {
    const { limit, windowMs, globalMax, shared, tellsWindowEnd } = this.#rules;
    const bucket = shared ? 'all' : `route-${route}`;
    const key = `${bucket} ${channel}`;
    const known = this.#windows.get(key);
    const window = known && now < known.endsAt ? known : { endsAt: now + windowMs, used: 0 };
    this.#windows.set(key, window);
    window.used += 1;
    if (window.used > limit) this.overruns += 1;
    this.#seconds.push(now);
    if (this.#seconds.filter((at) => at > now - 1_000).length > globalMax) this.globalOverruns += 1;
    return {
      bucket,
      limit,
      remaining: Math.max(0, limit - window.used),
      resetAfterMs: window.endsAt - now,
      ...(tellsWindowEnd ? { windowEnd: window.endsAt } : {}),
    };
  }
}

interface Run {
  readonly server: Server;
  readonly sent: number;
}

/** Of one request: more would be a wait that leads nowhere. */
const waitsMax = 1_000;

async function run(ops: readonly Op[], rules: Rules): Promise<Run> {
  const clock = new ManualClock();
  const server = new Server(rules);
  const limiter = new Limiter({ clock, globalPerSecond: rules.globalMax });
  let sent = 0;
  const send = (op: Op, permit: Permit): void => {
    sent += 1;
    clock.after(op.upMs, () => {
      const facts = server.handle(op, clock.now());
      clock.after(op.downMs, () => limiter.settle(permit, op.lost ? undefined : facts, !op.lost));
    });
  };
  const offer = (op: Op, waits: number): void => {
    const target = toTarget({
      method: 'POST',
      route: routes[op.route] ?? '',
      params: { channel: `${op.channel}` },
    });
    const admission = limiter.admit(target, op.priority, true);
    if (admission.kind === 'go') send(op, admission.permit);
    else if (waits < waitsMax) clock.after(admission.afterMs, () => offer(op, waits + 1));
  };
  for (const op of ops) {
    clock.advance(op.gapMs);
    offer(op, 0);
  }
  await clock.passUntil(() => clock.pending === 0, 5_000);
  return { server, sent };
}

function rules(windowMsMax: number, tellsWindowEnd: fc.Arbitrary<boolean>): fc.Arbitrary<Rules> {
  return fc.record<Rules>({
    limit: fc.integer({ min: 1, max: 6 }),
    windowMs: fc.integer({ min: 250, max: windowMsMax }),
    globalMax: fc.integer({ min: 3, max: 20 }),
    shared: fc.boolean(),
    tellsWindowEnd,
  });
}

interface Traffic {
  readonly gapMsMax: number;
  readonly channels: number;
  readonly routes: number;
  readonly latencyMsMax: number;
  readonly losesAnswers: boolean;
}

function ops(traffic: Traffic): fc.Arbitrary<Op[]> {
  const latency = fc.oneof(
    fc.integer({ min: 0, max: 20 }),
    fc.integer({ min: 0, max: traffic.latencyMsMax }),
  );
  const op = fc.record<Op>({
    gapMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: traffic.gapMsMax })),
    channel: fc.integer({ min: 1, max: traffic.channels }),
    route: fc.integer({ min: 0, max: traffic.routes - 1 }),
    priority: fc.constantFrom(...priorities),
    upMs: latency,
    downMs: latency,
    lost: traffic.losesAnswers ? fc.boolean() : fc.constant(false),
  });
  return fc.array(op, { minLength: 20, maxLength: 60, size: 'max' });
}

const oneBucket = { gapMsMax: 200, channels: 1, routes: 1, latencyMsMax: 1_500, losesAnswers: false };
const manyBuckets = { gapMsMax: 1_500, channels: 3, routes: 2, latencyMsMax: 450, losesAnswers: true };

it('never sends more than a bucket admits, in whatever order and however late the answers come', () =>
  fc.assert(
    fc.asyncProperty(ops(oneBucket), rules(1_000, fc.constant(true)), async (list, given) => {
      const { server } = await run(list, given);

      expect(server.overruns).toBe(0);
    }),
    { numRuns: 300 },
  ));

it('never sends more in any second than all requests together may be', () =>
  fc.assert(
    fc.asyncProperty(ops(manyBuckets), rules(5_000, fc.boolean()), async (list, given) => {
      const { server } = await run(list, given);

      expect(server.globalOverruns).toBe(0);
    }),
    { numRuns: 300 },
  ));

it('lets everything out in the end, also what matters least, and when answers are lost', () =>
  fc.assert(
    fc.asyncProperty(
      ops({ ...manyBuckets, latencyMsMax: 1_000 }),
      rules(5_000, fc.boolean()),
      async (list, given) => {
        const { sent } = await run(list, given);

        expect(sent).toBe(list.length);
      },
    ),
    { numRuns: 300 },
  ));
