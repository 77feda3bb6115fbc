// Takes the place of wasm-bindgen's own loader, which knows ways of loading that are not needed here. A server
// that does not know the type of .wasm files costs a little speed, nothing else.
async function __wbg_init(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const typed = /^application\/wasm/.test(response.headers.get("content-type"));
  const imports = __wbg_get_imports();
  const { instance, module } = await (typed
    ? WebAssembly.instantiateStreaming(response, imports)
    : WebAssembly.instantiate(await response.arrayBuffer(), imports));
  return __wbg_finalize_init(instance, module);
}
