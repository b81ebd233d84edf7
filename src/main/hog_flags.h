#pragma once

namespace CLI {
class App;
}

namespace mr::main {

struct Command;

// Adds `millrace hog` and what is below it.
void add_hog_commands(CLI::App& app, Command& command);

}  // namespace mr::main
