import { json, type Request } from "../../shared/api";
import type { Config } from "../config";
import type { Role } from "../protocol";

export interface JoinResponse {
  ticket: string;
  expires_at: string;
  role: Role;
  events_url: string;
  board_url: string;
  ice_servers: RTCIceServer[];
}

export async function join(request: Request, config: Config, name: string): Promise<JoinResponse> {
  const body: Record<string, string> = {};
  if (config.guest && name) body.name = name;
  const response = await request(config.joinUrl, json("POST", body));
  return (await response.json()) as JoinResponse;
}
