import type { Readable, Writable } from 'node:stream';
import { confirm, isCancel, multiselect, password, select, text } from '@clack/prompts';
import { printable } from './output.ts';
import type { AnswerTo, Prompt, PromptOption } from './prompt.ts';

/** The terminal; the process's own when absent. */
export interface Terminal {
  readonly input?: Readable;
  readonly output?: Writable;
}

/** Asks the person at the terminal. Undefined when cancelled. */
export async function ask<Asked extends Prompt>(
  prompt: Asked,
  terminal: Terminal = {},
): Promise<AnswerTo<Asked> | undefined> {
  const answer = await show(prompt, { ...terminal, message: printable(prompt.message) });
  return isCancel(answer) ? undefined : (answer as AnswerTo<Asked>);
}

/** What was there already stands at the cursor, to be taken, changed or deleted. */
function show(prompt: Prompt, shared: Terminal & { readonly message: string }): Promise<unknown> {
  switch (prompt.kind) {
    case 'secret':
      return password(shared);
    case 'text':
      return text({ ...shared, initialValue: printable(prompt.initial), defaultValue: '' });
    case 'yes_no':
      return confirm({ ...shared, initialValue: prompt.initial });
    case 'choice': {
      const { initial } = prompt;
      const options = prompt.options.map(toOption);
      return select({ ...shared, options, ...(initial === undefined ? {} : { initialValue: initial }) });
    }
    case 'choices':
      return multiselect({
        ...shared,
        options: prompt.options.map(toOption),
        initialValues: prompt.initial,
        required: false,
      });
  }
}

function toOption({ value, label }: PromptOption): { value: string; label: string } {
  return { value, label: printable(label) };
}
