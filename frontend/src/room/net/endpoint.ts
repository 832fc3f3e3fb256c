/** Where the room's sockets connect to, as an administrator of a firewall needs it. */
export function socketEndpoint({
  protocol,
  hostname,
  port,
}: Pick<Location, "protocol" | "hostname" | "port">) {
  const isSecure = protocol === "https:";
  return {
    scheme: isSecure ? "wss" : "ws",
    host: hostname,
    port: port || (isSecure ? "443" : "80"),
  };
}
