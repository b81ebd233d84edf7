#include "capture/trusted_proxies.h"

#include <gtest/gtest.h>

namespace mr::capture {
namespace {

bool trusts(std::string_view list, std::string_view peer) {
  const auto proxies = TrustedProxies::parse(list);
  EXPECT_TRUE(proxies) << list;
  return proxies && proxies->contains(peer);
}

TEST(TrustedProxies, NobodyIsBelievedUnlessNamed) {
  EXPECT_FALSE(TrustedProxies().contains("127.0.0.1"));
  EXPECT_FALSE(trusts("", "127.0.0.1"));
  EXPECT_TRUE(trusts("192.0.2.1", "192.0.2.1"));
  EXPECT_FALSE(trusts("192.0.2.1", "192.0.2.2"));
}

TEST(TrustedProxies, NetworksEndAtTheirBit) {
  EXPECT_TRUE(trusts("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(trusts("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(trusts("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(trusts("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(trusts("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(trusts("0.0.0.0/0", "2001:db8::1"));
}

TEST(TrustedProxies, AnIpv4AddressInIpv6IsThatAddress) {
  EXPECT_TRUE(trusts("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_TRUE(trusts("::ffff:10.0.0.0/104", "10.1.2.3"));
}

TEST(TrustedProxies, WordsStandForNetworks) {
  for (const char* peer : {"127.0.0.1", "127.9.9.9", "::1", ""}) {
    EXPECT_TRUE(trusts("loopback", peer)) << peer;
    EXPECT_FALSE(trusts("private", peer)) << peer;
  }
  for (const char* peer : {"10.1.1.1", "192.168.0.7", "172.20.0.1", "100.100.1.1", "fd00::1"}) {
    EXPECT_TRUE(trusts(" loopback , private ", peer)) << peer;
    EXPECT_FALSE(trusts("loopback", peer)) << peer;
  }
  EXPECT_TRUE(trusts("all", "203.0.113.9") && trusts("all", "2001:db8::1"));
  EXPECT_FALSE(trusts("loopback,private", "203.0.113.9"));
}

TEST(TrustedProxies, NonsenseIsRefusedByItsPart) {
  for (const char* bad : {"10.0.0.0/33", "2001:db8::/129", "10.0.0", "nobody", "10.0.0.0/", "/8",
                          "10.0.0.0/8x", "10.0.0.0/-1"}) {
    const auto proxies = TrustedProxies::parse(std::string("loopback,") + bad);
    ASSERT_FALSE(proxies) << bad;
    EXPECT_NE(proxies.error().message().find(bad), std::string::npos);
  }
}

}  // namespace
}  // namespace mr::capture
