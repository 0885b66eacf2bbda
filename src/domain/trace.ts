/**
 * Where a thing stands. Under way: waiting, running, awaiting, delivering. For a person: dead, held. The
 * others are final; `done` means that an agent had nothing to say.
 */
export const traceStates = [
  'waiting',
  'running',
  'awaiting',
  'delivering',
  'delivered',
  'done',
  'ignored',
  'rejected',
  'duplicate',
  'challenge',
  'dead',
  'held',
  'discarded',
] as const;

export type TraceState = (typeof traceStates)[number];

const underWay: ReadonlySet<TraceState> = new Set(['waiting', 'running', 'awaiting', 'delivering']);

/** Nothing more will happen by itself. */
export function isSettled(state: TraceState): boolean {
  return !underWay.has(state);
}

export const traceStepKinds = [
  'accepted',
  'deduplicated',
  'rejected',
  'gated',
  'waiting',
  'turn',
  'part',
  'attempt',
  'queue',
  'operator',
  'outcome',
] as const;

export type TraceStepKind = (typeof traceStepKinds)[number];
