import type { Store } from '../../store/store.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Health, Readiness } from '../health.ts';
import { type Channels, isReceiving } from './channels.ts';
import type { Rules } from './rules.ts';
import type { Secrets } from './secrets.ts';

/** What does not change while the daemon runs. */
export interface Identity {
  readonly version: string;
  readonly pid: number;
  readonly startedAt: number;
  readonly ingressUrl: string;
  readonly adminUrl: string;
  readonly publicUrl: string;
  readonly stateDir: string;
  /** Of `config.json` as it was loaded. */
  readonly configHash: string;
}

export interface StatusView extends Identity {
  readonly policyHash: string;
  readonly vault: { readonly state: 'open' | 'locked'; readonly why?: string };
  readonly readiness: Readiness;
  readonly inbox: { readonly pending: number; readonly dead: number };
  readonly outbox: { readonly pending: number; readonly dead: number; readonly held: number };
  readonly channels: readonly { readonly id: string; readonly state: string; readonly receiving: boolean }[];
  readonly webhooks: number;
  readonly lastHour: Readonly<Record<string, number>>;
}

export interface StatusDeps {
  readonly store: Pick<Store, 'stats' | 'webhooks'>;
  readonly health: Health;
  readonly channels: Channels;
  readonly rules: Rules;
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly identity: () => Identity;
}

const minutesPerHour = 60;
const msPerMinute = 60_000;

/** The daemon at a glance, from counters: what it costs does not grow with what has happened. */
export async function statusOf(deps: StatusDeps): Promise<StatusView> {
  const sinceMinute = Math.floor(deps.clock.now() / msPerMinute) - minutesPerHour;
  const [readiness, channels, gauges, activity, integrations] = await Promise.all([
    deps.health.check(),
    deps.channels.list(),
    deps.store.stats.listGauges(),
    deps.store.stats.listActivity(sinceMinute),
    deps.store.webhooks.listIntegrations(),
  ]);
  const sum = (queue: string, state: string): number =>
    gauges
      .filter((gauge) => gauge.queue === queue && gauge.state === state)
      .reduce((total, { count }) => total + count, 0);
  const lastHour: Record<string, number> = {};
  for (const { kind, count } of activity) lastHour[kind] = (lastHour[kind] ?? 0) + count;
  const vault = deps.secrets.status;
  return {
    ...deps.identity(),
    policyHash: deps.rules.policyHash,
    vault: vault.state === 'locked' ? { state: 'locked', why: vault.why } : { state: 'open' },
    readiness,
    inbox: { pending: sum('inbox', 'pending'), dead: sum('inbox', 'dead') },
    outbox: { pending: sum('outbox', 'pending'), dead: sum('outbox', 'dead'), held: sum('outbox', 'held') },
    channels: channels.map((channel) => ({
      id: channel.id,
      state: channel.status.state,
      receiving: isReceiving(channel),
    })),
    webhooks: integrations.length,
    lastHour,
  };
}
