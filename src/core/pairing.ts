import { createHash } from 'node:crypto';
import type { Approval, ApprovalId } from '../domain/approval.ts';
import type { ConnectorId, NextId } from '../domain/ids.ts';
import type { InboundMessageEvent } from '../domain/inbound-event.ts';
import { pairingLimits } from '../domain/pairing.ts';
import type { ReasonCode } from '../domain/reasons.ts';
import type { Clock } from '../lib/clock.ts';
import type { Logger } from '../lib/logger.ts';
import type { AccessStore, RedemptionResult } from '../store/access-store.ts';

export interface PairingDeps {
  readonly store: Pick<AccessStore, 'listPairingGrants' | 'redeemPairingCode' | 'takePairingHint'>;
  readonly clock: Clock;
  readonly nextId: NextId;
  readonly log: Logger;
}

/** What the sender is told, and what the event ends with. */
export interface PairingAnswer {
  readonly reason: ReasonCode;
  readonly text?: string;
}

/** Spaces, case and a dash between the halves do not matter. */
const attempt = /^\s*pair\s+([0-9a-z][0-9a-z -]{2,30})\s*$/i;

/** Who may write to a connector directly, where its rule asks for pairing; and the codes that get one there. */
export class Pairing {
  readonly #deps: PairingDeps;
  #grants: ReadonlyMap<string, number> = new Map();

  constructor(deps: PairingDeps) {
    this.#deps = deps;
  }

  async reload(): Promise<void> {
    const grants = await this.#deps.store.listPairingGrants(this.#deps.clock.now());
    this.#grants = new Map(
      grants.map(({ connector, sender, expiresAt }) => [`${connector} ${sender}`, expiresAt]),
    );
  }

  isPaired(connector: string, sender: string): boolean {
    return (this.#grants.get(`${connector} ${sender}`) ?? 0) > this.#deps.clock.now();
  }

  /** Answers somebody who is not paired: takes the code that they give, or tells them once in a while how to. */
  async answer(event: InboundMessageEvent): Promise<PairingAnswer> {
    const { store, clock, log } = this.#deps;
    const { connector } = event.address;
    const code = attempt.exec(event.text)?.[1];
    const now = clock.now();
    if (code === undefined) {
      const isNew = await store.takePairingHint(connector, event.sender.id, now, pairingLimits.hintEveryMs);
      return { reason: 'direct_message_pairing_required', ...(isNew ? { text: howTo } : {}) };
    }
    const result = await store.redeemPairingCode({
      connector,
      sender: event.sender.id,
      digest: digestOfCode(connector, code),
      now,
      attemptsMax: pairingLimits.attemptsMax,
      attemptsWindowMs: pairingLimits.attemptsWindowMs,
      approval: this.#approvalFor(event, now),
    });
    const level = result.kind === 'pending' || result.kind === 'already_pending' ? 'info' : 'warn';
    log[level]('pairing.attempted', {
      connector_id: connector,
      sender: event.sender.id,
      outcome: result.kind,
      ...('attemptsLeft' in result ? { attempts_left: result.attemptsLeft } : {}),
    });
    return answerTo(result, now);
  }

  #approvalFor(event: InboundMessageEvent, now: number): Approval {
    const { address, sender } = event;
    const { message: _own, handle: _handle, ...place } = address;
    const request = { sender: sender.id, display: sender.display, address: place };
    return {
      id: this.#deps.nextId<ApprovalId>('apr'),
      kind: 'pairing',
      subject: `pairing:${address.connector}:${sender.id}`,
      connector: address.connector,
      requester: sender.id,
      risk: 'medium',
      contentHash: createHash('sha256').update(JSON.stringify(request)).digest('hex'),
      request,
      state: 'pending',
      createdAt: now,
      expiresAt: now + pairingLimits.requestMs,
    };
  }
}

/** As it is kept: the same code for two connectors has nothing in common. */
export function digestOfCode(connector: ConnectorId, code: string): string {
  const plain = code.replace(/[\s-]/g, '').toUpperCase();
  return createHash('sha256').update(`${connector}\n${plain}`).digest('hex');
}

const howTo =
  'I answer only people who are paired with me. Ask whoever runs me for a pairing code, then send: pair CODE';

function answerTo(result: RedemptionResult, now: number): PairingAnswer {
  switch (result.kind) {
    case 'pending':
      return {
        reason: 'pairing_pending_approval',
        text: 'Thank you. Your code is good; whoever runs me has to approve it now.',
      };
    case 'already_pending':
      return { reason: 'pairing_pending_approval', text: 'Your request is still waiting to be approved.' };
    case 'already_active':
      return { reason: 'pairing_already_active', text: 'You are paired with me already.' };
    case 'invalid':
      return {
        reason: 'pairing_code_invalid',
        text: `That is not a valid code. ${triesLeft(result.attemptsLeft)}`,
      };
    case 'expired':
      return {
        reason: 'pairing_code_expired',
        text: `That code has expired. Ask for a new one. ${triesLeft(result.attemptsLeft)}`,
      };
    case 'locked': {
      const minutes = Math.max(1, Math.ceil((result.until - now) / 60_000));
      return { reason: 'pairing_locked', text: `Too many wrong codes. Try again in ${minutes} min.` };
    }
  }
}

function triesLeft(count: number): string {
  return count === 1 ? '1 try is left.' : `${count} tries are left.`;
}
