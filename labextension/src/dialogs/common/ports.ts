/** What a model needs of the world, so that its tests need no Lab. Types only. */
import { ITrans } from '../../core/trans';
import { IErrorBody } from '../../core/wire';

export interface IPorts<T> {
  readonly api: T;
  readonly trans: ITrans;
  readonly workspace: string;
  /** An error as the wire has it; `status` is null when the server did not answer. */
  explain(error: unknown): { status: number | null; body: IErrorBody };
}
