declare const brand: unique symbol;

/** A string that says what it names, so that one kind of id cannot be passed for another. */
export type Brand<Name extends string> = string & { readonly [brand]: Readonly<Record<Name, true>> };
