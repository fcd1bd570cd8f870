/** One forward step of the schema. Never edited once released: its text is hashed into the `migration` table. */
export interface Migration {
  /** `NNNN-name`, as the file is called. */
  readonly name: string;
  /** SQL, run in order in one transaction with all other pending migrations. */
  readonly statements: readonly string[];
}
