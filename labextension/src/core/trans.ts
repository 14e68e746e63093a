/** What the logic needs of Lab's TranslationBundle. */
export interface ITrans {
  __(message: string, ...args: unknown[]): string;
  _n(one: string, many: string, n: number, ...args: unknown[]): string;
}
