/** A question to the person at the terminal. What is there already is offered, and Enter takes it. */
export type Prompt =
  /** What is typed is not shown. */
  | { readonly kind: 'secret'; readonly message: string }
  | { readonly kind: 'text'; readonly message: string; readonly initial: string }
  | { readonly kind: 'yes_no'; readonly message: string; readonly initial: boolean }
  | {
      readonly kind: 'choice';
      readonly message: string;
      readonly options: readonly PromptOption[];
      readonly initial?: string | undefined;
    }
  | {
      readonly kind: 'choices';
      readonly message: string;
      readonly options: readonly PromptOption[];
      readonly initial: readonly string[];
    };

export interface PromptOption {
  readonly value: string;
  readonly label: string;
}

export type AnswerTo<Asked extends Prompt> = Asked extends { readonly kind: 'yes_no' }
  ? boolean
  : Asked extends { readonly kind: 'choices' }
    ? readonly string[]
    : string;
