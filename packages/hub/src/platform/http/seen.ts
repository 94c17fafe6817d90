/** An answered request as it came; `target` is the address as the client wrote it, `route` the template. */
export type SeenRequest = {
  method: string;
  route: string;
  status: number;
  target: string;
  ip: string;
  header(name: string): string | undefined;
};
