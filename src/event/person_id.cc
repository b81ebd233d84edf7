#include "event/person_id.h"

#include <string>

namespace mr::event {
namespace {

// 932979b4-65c3-4424-8467-0b66ec27bc22
constexpr codec::Uuid person_namespace{{0x93, 0x29, 0x79, 0xb4, 0x65, 0xc3, 0x44, 0x24, 0x84, 0x67,
                                        0x0b, 0x66, 0xec, 0x27, 0xbc, 0x22}};

}  // namespace

codec::Uuid person_id_of(ProjectId project, std::string_view distinct_id) {
  std::string name = std::to_string(project.value) + ":";
  name += distinct_id;
  return codec::uuid_v5(person_namespace, name);
}

}  // namespace mr::event
