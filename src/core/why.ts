import { reasonTable } from '../domain/reasons.ts';
import type { TraceState } from '../domain/trace.ts';
import type { Store } from '../store/store.ts';
import { type Trace, type TraceDeps, traceOf } from './trace.ts';

export interface Why {
  readonly id: string;
  readonly state: TraceState;
  readonly reason: string;
  readonly sentence: string;
  /** What to do, where there is something. */
  readonly hint: string;
}

const opening: Readonly<Record<TraceState, string>> = {
  waiting: 'It waits',
  running: 'An agent is working on it',
  awaiting: 'It waits for its agent',
  delivering: 'Its answer is on the way',
  delivered: 'It was answered and delivered',
  done: 'It is done',
  ignored: 'It was ignored',
  rejected: 'It was rejected',
  duplicate: 'It was dropped as a duplicate',
  challenge: 'It was a check of the address',
  dead: 'It is dead',
  held: 'It is held',
  discarded: 'It was discarded',
};

/** One sentence on why a thing is where it is, from the same records as the trace. */
export async function whyOf(deps: TraceDeps, id: string): Promise<Why> {
  const trace = await traceOf(deps, id);
  const { meaning, hint } = reasonTable[trace.reason];
  const facts = [
    withoutStop(meaning),
    trace.detail === undefined ? undefined : withoutStop(trace.detail),
    ruleOf(trace),
    await positionOf(deps.store, trace),
    retryOf(trace),
  ].filter((fact) => fact !== undefined);
  return {
    id: trace.id,
    state: trace.state,
    reason: trace.reason,
    sentence: `${openingOf(trace)}: ${facts.join('; ')}.`,
    hint,
  };
}

/** What nobody asked for answers nothing. */
function openingOf({ state, event }: Trace): string {
  if (event) return opening[state];
  return state === 'delivering'
    ? 'It is on the way'
    : state === 'delivered'
      ? 'It was delivered'
      : opening[state];
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

function ruleOf({ event }: Trace): string | undefined {
  return event?.rule === undefined ? undefined : `rule ${event.rule}`;
}

async function positionOf(store: Store, { id, state, event }: Trace): Promise<string | undefined> {
  if (state !== 'waiting' || !event) return undefined;
  const { ahead, head } = await store.inbox.getQueuePosition(event.id);
  return ahead === 0 || head === id
    ? undefined
    : `${ahead} earlier in the same conversation, first ${head ?? ''}`;
}

function retryOf({ state, event, parts }: Trace): string | undefined {
  const pending = parts.find((part) => part.state === 'pending');
  const dueAt = state === 'delivering' ? pending?.dueAt : state === 'waiting' ? event?.dueAt : undefined;
  const attempts = state === 'delivering' ? pending?.attempts : event?.attempts;
  return dueAt === undefined || !attempts
    ? undefined
    : `next try at ${new Date(dueAt).toISOString()}, after ${attempts} so far`;
}
