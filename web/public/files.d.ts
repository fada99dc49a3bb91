// esbuild brings the word list in as text
declare module "*.txt" {
  const text: string;
  export default text;
}
