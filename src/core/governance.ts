import type { Capability } from '../connectors/connector.ts';
import type { Risk } from '../domain/approval.ts';
import { accountOf, type ConnectorId } from '../domain/ids.ts';

/** A change to a message that is there already. */
export type MutationOp = 'edit' | 'delete' | 'react';

export interface MutationFacts {
  readonly op: MutationOp;
  readonly connector: ConnectorId;
  readonly approval: Capability['approval'];
  /** Unknown when the message could not be looked at: then the strictest row counts. */
  readonly message: { readonly ageMs: number; readonly isOwn: boolean; readonly direct: boolean } | undefined;
}

export interface Governance {
  readonly risk: Risk;
  readonly needsApproval: boolean;
  /** What it was judged by, for whoever decides. */
  readonly because: string;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const freshMs = 15 * minuteMs;
const reactFreshMs = 6 * hourMs;
const recentMs = 24 * hourMs;
/** The account that everything uses which does not say otherwise, so a mistake there reaches furthest. */
const defaultAccount = 'default';

/** How risky a change is, and whether somebody else has to approve it. Pure; the table is in docs/operate.md. */
export function judgeMutation(facts: MutationFacts): Governance {
  const judged = judgeByTable(facts);
  const needsApproval =
    facts.approval === 'required' || (facts.approval === 'conditional' && judged.needsApproval);
  return { ...judged, needsApproval, because: because(facts) };
}

function judgeByTable({ op, connector, message }: MutationFacts): Omit<Governance, 'because'> {
  const strictest = { risk: op === 'react' ? 'high' : 'critical', needsApproval: true } as const;
  if (!message) return strictest;
  const { ageMs, isOwn, direct } = message;
  const isScoped = accountOf(connector) !== defaultAccount;
  const isRecent = ageMs <= recentMs;
  const isPublicOrDefault = !direct || !isScoped;
  switch (op) {
    case 'edit':
      if (isOwn && isScoped && direct && ageMs <= freshMs) return { risk: 'low', needsApproval: false };
      return isOwn && isRecent ? { risk: 'high', needsApproval: isPublicOrDefault } : strictest;
    case 'delete':
      if (isOwn && isScoped && direct && ageMs <= freshMs) return { risk: 'medium', needsApproval: true };
      return isOwn && isRecent ? { risk: 'high', needsApproval: true } : strictest;
    case 'react':
      if (isScoped && direct && ageMs <= reactFreshMs) return { risk: 'low', needsApproval: false };
      return isRecent ? { risk: 'medium', needsApproval: isPublicOrDefault } : strictest;
  }
}

function because({ op, connector, message }: MutationFacts): string {
  if (!message) return `${op} of a message that could not be looked at`;
  const age = message.ageMs <= freshMs ? 'fresh' : message.ageMs <= recentMs ? 'recent' : 'old';
  return [
    `${op} of a ${age} message`,
    message.isOwn ? 'by the bot' : 'by somebody else',
    message.direct ? 'in a direct conversation' : 'in a shared conversation',
    accountOf(connector) === defaultAccount ? 'on the default account' : 'on an account of its own',
  ].join(', ');
}
