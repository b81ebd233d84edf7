#pragma once

#include <string>

namespace mr::main {

struct Welcome {
  std::string program;  // how it was called
  std::string address;  // as listened on
  std::string data;
  std::string project_token;
  std::string admin_token;  // only at the first start
};

// What `millrace serve` prints when it starts: where it is, the token, and snippets to copy.
std::string welcome_text(const Welcome& welcome);

}  // namespace mr::main
