// Scripts that a page loads when a reader asks for what they hold, which book/on_demand.py writes.
(() => {
  const HERE = document.currentScript.src;

  /** Loads a script that lies beside this one; `what` is in it, for those who wait in vain. */
  function load(name, what) {
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = new URL(name, HERE).href;
      script.onload = done;
      script.onerror = () => failed(new Error(`${what} are missing: ${name} does not lie beside the book’s scripts.`));
      document.head.append(script);
    });
  }

  /** Unpacks bytes that were packed with gzip and written in base64. */
  async function unpack(text, what) {
    if (!window.DecompressionStream) throw new Error(`This browser cannot unpack the ${what}: it needs to be of 2023 or newer.`);
    const stream = new Blob([window.cnnLenet.bytes(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  window.cnnOnDemand = { load, unpack };
})();
