#include "main/welcome.h"

namespace mr::main {

namespace {

// A client on the same machine cannot connect to "any address".
std::string url_of(std::string address) {
  if (address.starts_with("0.0.0.0:")) address.replace(0, 7, "127.0.0.1");
  if (address.starts_with("[::]:")) address.replace(0, 4, "[::1]");
  return "http://" + address;
}

}  // namespace

std::string welcome_text(const Welcome& welcome) {
  const std::string url = url_of(welcome.address);
  const std::string& token = welcome.project_token;
  std::string text = "Millrace is starting.\n\n";
  text += "  address        " + url + "\n";
  text += "  project token  " + token + "\n";
  text += "  data           " + welcome.data + "\n";
  if (!welcome.admin_token.empty()) {
    text += "  admin token    " + welcome.admin_token + "\n";
    text += "                 (for control over HTTP; shown this once, keep it)\n";
  }
  text += "\nJavaScript (npm install posthog-node)\n\n";
  text += "  import { PostHog } from 'posthog-node'\n";
  text += "  const client = new PostHog('" + token + "', { host: '" + url + "' })\n";
  text += "  client.capture({ distinctId: 'ada', event: 'signed up' })\n";
  text += "  await client.shutdown()\n";
  text += "\nPython (pip install posthog)\n\n";
  text += "  from posthog import Posthog\n";
  text += "  client = Posthog('" + token + "', host='" + url + "')\n";
  text += "  client.capture('signed up', distinct_id='ada')\n";
  text += "  client.shutdown()\n";
  text += "\ncurl\n\n";
  text += "  curl " + url + "/i/v0/e/ -d '{\"api_key\":\"" + token +
          "\",\"event\":\"signed up\",\"distinct_id\":\"ada\"}'\n";
  text += "\nLook at the events\n\n";
  text += "  " + welcome.program +
          " query \"SELECT event, distinct_id, timestamp FROM events\" --data " + welcome.data +
          "\n\n";
  return text;
}

}  // namespace mr::main
