#pragma once

#include <string>

#include "catalog/catalog.h"
#include "main/data_directory.h"

namespace mr::main {

// Where the catalog lies in a data directory. `project_token` is for the first start.
inline catalog::CatalogOptions catalog_options(const DataDirectory& directory,
                                               std::string project_token) {
  return {.database = directory.catalog(),
          .snapshot = directory.catalog_snapshot(),
          .page = directory.catalog_page(),
          .project_token = std::move(project_token)};
}

}  // namespace mr::main
