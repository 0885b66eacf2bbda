import { isCancel, password } from '@clack/prompts';

/** Asks the person at the terminal, and does not show what is typed. Undefined when cancelled. */
export async function ask(question: string): Promise<string | undefined> {
  const answer = await password({ message: question });
  return isCancel(answer) ? undefined : answer;
}
