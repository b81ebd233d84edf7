#pragma once

#include "capture/capture_service.h"
#include "main/settings.h"

namespace mr::main {

// What the settings say about capture, but for the address of the API. Errors: invalid_input names
// the setting and what is wrong with it.
Result<capture::CaptureRules> capture_rules(const Settings& settings);

}  // namespace mr::main
