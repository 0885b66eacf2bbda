import { AppError } from '../domain/errors.ts';
import type { NewPart, OutboxStore } from '../store/outbox-store.ts';

/**
 * An agent changes what this program has sent, and nothing else: whoever talks it into more, gets no further.
 * What an operator changes is judged by governance instead.
 * @throws AppError `forbidden` that names the first message that is not ours, or no longer known to be.
 */
export async function refuseForeignChanges(
  parts: readonly NewPart[],
  outbox: Pick<OutboxStore, 'findByPlatformId'>,
): Promise<void> {
  for (const { operation, address } of parts) {
    if (operation.op !== 'edit' && operation.op !== 'delete') continue;
    // Without one it is a draft of this very answer.
    if (address.message === undefined) continue;
    if (await outbox.findByPlatformId(address.connector, address.message)) continue;
    throw new AppError(
      'forbidden',
      `The agent may ${operation.op} only messages that palyra has sent and still knows: ${address.message} is none of them.`,
    );
  }
}
