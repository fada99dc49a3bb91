// the build brings the word list in as packed text
declare module "*.txt" {
  const text: string;
  export default text;
}
