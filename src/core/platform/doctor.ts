import { statfsSync, statSync } from 'node:fs';
import type { GapRecord } from '../../domain/gap.ts';
import { reasonTable } from '../../domain/reasons.ts';
import type { StatusView } from './status.ts';
import type { ChannelView } from './channels.ts';
import type { RuleWarning } from '../router/warnings.ts';

export interface Check {
  readonly name: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** What to do about it. */
  readonly fix?: string;
}

export interface DoctorInput {
  readonly status: StatusView;
  readonly channels: readonly ChannelView[];
  readonly webhooks: readonly { readonly id: string; readonly status: string; readonly routed: boolean }[];
  readonly warnings: readonly RuleWarning[];
  /** Of the connectors that are switched on: those that are open. And the newest of all. */
  readonly gaps: readonly GapRecord[];
  readonly now: number;
  readonly agents: readonly { readonly id: string; readonly usable: boolean; readonly enabled: boolean }[];
}

const freeBytesMin = 512 * 1024 * 1024;
/** By then a gap should have been read back. */
const gapMsMax = 10 * 60_000;
const dayMs = 24 * 3_600_000;

/** Looks at everything and changes nothing. Each finding says how to mend it. */
export function diagnose(input: DoctorInput): readonly Check[] {
  return [
    ...checkDaemon(input.status),
    checkDisk(input.status.stateDir),
    checkGaps(input),
    ...input.channels.flatMap(checkChannel),
    ...input.webhooks.flatMap(checkWebhook),
    ...input.agents
      .filter(({ usable }) => !usable)
      .map(({ id }): Check => ({
        name: `agent ${id}`,
        level: 'fail',
        detail: 'its settings do not work',
        fix: `palyra agents set ${id} …`,
      })),
    ...input.warnings.map(({ rule, text, code }): Check => ({
      name: rule === undefined ? 'rules' : `rule ${rule}`,
      level: 'warn',
      detail: `${text} (${code})`,
      fix: 'palyra router rules list',
    })),
  ];
}

function checkDaemon({ readiness, vault, inbox, outbox }: StatusView): Check[] {
  const signals = Object.entries(readiness.signals).map(([name, signal]): Check => ({
    name,
    level: signal.ok ? 'ok' : name === 'admission' ? 'fail' : 'warn',
    detail: signal.detail,
    ...(signal.ok ? {} : { fix: 'palyra status, palyra logs' }),
  }));
  const stopped = inbox.dead + outbox.dead + outbox.held;
  return [
    ...signals,
    vault.why === undefined
      ? { name: 'vault', level: 'ok', detail: 'open' }
      : {
          name: 'vault',
          level: 'fail',
          detail: vault.why,
          fix: 'Provide the master key, then: palyra secrets rotate-key --unlock',
        },
    stopped === 0
      ? { name: 'dead letters', level: 'ok', detail: 'none' }
      : {
          name: 'dead letters',
          level: 'warn',
          detail: `${stopped} wait for a decision`,
          fix: 'palyra channels dead-letters list',
        },
  ];
}

function checkDisk(stateDir: string): Check {
  const { bavail, bsize } = statfsSync(stateDir);
  const free = bavail * bsize;
  const detail = `${Math.round(free / 1_048_576)} MB free, database ${Math.round(databaseBytes(stateDir) / 1_048_576)} MB`;
  return free >= freeBytesMin
    ? { name: 'disk', level: 'ok', detail }
    : {
        name: 'disk',
        level: 'warn',
        detail,
        fix: 'Make room, or shorten retention in config.json. With a full disk everything is refused.',
      };
}

function checkGaps({ gaps, now }: DoctorInput): Check {
  const name = 'gaps';
  const lasting = gaps.filter(
    ({ state, fromAt, toAt = fromAt }) => state === 'open' && now - toAt >= gapMsMax,
  ).length;
  const lossy = gaps.filter((gap) => leftOut(gap) && now - (gap.toAt ?? gap.fromAt) < dayMs).length;
  if (lasting + lossy === 0) return { name, level: 'ok', detail: 'none that lasts or left something out' };
  const found = [
    lasting > 0 ? `${lasting} open for more than ${gapMsMax / 60_000} minutes` : undefined,
    lossy > 0 ? `${lossy} of the last day left something out` : undefined,
  ];
  const detail = found.filter((text) => text !== undefined).join(', ');
  return { name, level: 'warn', detail, fix: 'palyra channels gaps' };
}

/** Messages are missing for good. Not to read back at all is a setting. */
function leftOut({ state, skipped, detail }: GapRecord): boolean {
  return skipped > 0 || (state === 'read_back' && detail !== undefined);
}

function databaseBytes(stateDir: string): number {
  return statSync(`${stateDir}/palyra.sqlite`, { throwIfNoEntry: false })?.size ?? 0;
}

function checkChannel({ id, status, reception, enabled, queue }: ChannelView): Check[] {
  const name = `connector ${id}`;
  if (!enabled) return [{ name, level: 'ok', detail: 'switched off' }];
  const paused: Check[] = queue.paused
    ? [
        {
          name: `${name} queue`,
          level: 'warn',
          detail: `paused: ${queue.pauseReason ?? ''}`,
          fix: `palyra channels resume ${id}`,
        },
      ]
    : [];
  if (reception?.ok === false) {
    const detail = `${status.state}, but hears nothing since ${new Date(reception.since).toISOString()}: ${reception.detail}`;
    return [{ name, level: 'warn', detail, fix: `palyra channels status ${id}` }, ...paused];
  }
  switch (status.state) {
    case 'running':
    case 'standby':
      return [{ name, level: 'ok', detail: status.state }, ...paused];
    case 'blocked':
    case 'crash_loop':
    case 'backoff':
      return [
        {
          name,
          level: status.state === 'backoff' ? 'warn' : 'fail',
          detail: `${status.state}: ${status.detail}`,
          fix: reasonTable[status.code].hint || `palyra channels logs ${id}`,
        },
        ...paused,
      ];
    case 'starting':
    case 'disabled':
      return [{ name, level: 'warn', detail: status.state }, ...paused];
  }
}

function checkWebhook({ id, status, routed }: DoctorInput['webhooks'][number]): Check[] {
  const name = `webhook ${id}`;
  if (status === 'disabled') return [{ name, level: 'ok', detail: 'switched off' }];
  if (status !== 'ready')
    return [{ name, level: 'fail', detail: status, fix: `palyra webhooks rotate ${id}` }];
  if (routed) return [{ name, level: 'ok', detail: 'ready' }];
  return [
    {
      name,
      level: 'warn',
      detail: 'no rule selects its events',
      fix: `palyra router rules set ${id} --source webhook:${id} --agent … --reply-to …`,
    },
  ];
}
