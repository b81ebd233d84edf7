#pragma once

#include <string_view>

#include "base/strong.h"
#include "codec/uuid.h"

namespace mr::event {

// The identifier that a person gets who is first seen under this distinct id: version 5 over
// `<project>:<distinct_id>` in the reference's namespace (contract: ingestion 2.2), so that every
// installation computes the same one.
codec::Uuid person_id_of(ProjectId project, std::string_view distinct_id);

}  // namespace mr::event
