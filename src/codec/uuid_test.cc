#include "codec/uuid.h"

#include <gtest/gtest.h>

namespace mr::codec {
namespace {

const Uuid dns = *parse_uuid("6ba7b810-9dad-11d1-80b4-00c04fd430c8");

TEST(Uuid, ReadsEveryFormAndWritesOne) {
  const std::string text = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
  for (const char* form :
       {"6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6BA7B8109DAD11D180B400C04FD430C8",
        "{6ba7b810-9dad-11d1-80b4-00c04fd430c8}", "{6ba7b8109dad11d180b400c04fd430c8}",
        "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8"}) {
    const auto uuid = parse_uuid(form);
    ASSERT_TRUE(uuid) << form;
    EXPECT_EQ(to_string(*uuid), text);
  }
}

TEST(Uuid, RefusesEverythingElse) {
  for (const char* form :
       {"", "{}", "6ba7b810", "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
        "6ba7b810x9dad-11d1-80b4-00c04fd430c8", " 6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "{6ba7b810-9dad-11d1-80b4-00c04fd430c8", "urn:uuid:6ba7b8109dad11d180b400c04fd430c8",
        "6ba7b8109-dad-11d1-80b4-00c04fd430c8"}) {
    EXPECT_FALSE(parse_uuid(form)) << form;
  }
}

TEST(Uuid, VersionFiveIsTheKnownOneForTheName) {
  EXPECT_EQ(to_string(uuid_v5(dns, "www.example.com")), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  EXPECT_EQ(uuid_v5(dns, "a").version(), 5);
}

TEST(Uuid, VersionSevenHoldsTheTimeAndTheRandomBits) {
  const Uuid uuid = uuid_v7(0x017f22e279b0, 0xcc3, 0x18c4dc0c0c07398f);
  EXPECT_EQ(to_string(uuid), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
  EXPECT_EQ(to_string(uuid_v7(-5, 0, 0)), "00000000-0000-7000-8000-000000000000");
  EXPECT_LT(uuid_v7(1, ~0ull, ~0ull), uuid_v7(2, 0, 0));
}

TEST(Uuid, VersionFourIsStamped) {
  EXPECT_EQ(to_string(uuid_v4(~0ull, ~0ull)), "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

}  // namespace
}  // namespace mr::codec
