#include "ingest/elements_chain.h"

#include <gtest/gtest.h>

namespace mr::ingest {
namespace {

TEST(ElementsChain, TagsClassesAndAttributesAreWrittenInOrder) {
  EXPECT_EQ(elements_to_chain(R"([
      {"tag_name":"a","$el_text":"Say \"hi\"","attr__href":"/x;y","attr__class":["small","btn"],
       "nth_child":2,"nth_of_type":1},
      {"tag_name":"div","attr__id":"root","nth_child":0}])"),
            R"(a.btn.small:attr__class="btn,small"attr__href="/x;y"href="/x;y")"
            R"(nth-child="2"nth-of-type="1"text="Say \"hi\"";)"
            R"(div:attr__id="root"attr_id="root"nth-child="0"nth-of-type="0")");
}

TEST(ElementsChain, AClassTextIsSplitAtBlanksAndPrintedAsItWas) {
  EXPECT_EQ(elements_to_chain(R"([{"tag_name":"b","attr__class":"z a\"q"}])"),
            R"(b.aq.z:attr__class="z a\"q"nth-child="0"nth-of-type="0")");
}

TEST(ElementsChain, AttributesFollowTheRootCollation) {
  EXPECT_EQ(elements_to_chain(R"([{"attr__datax":1,"attr__dataX":1,"attr__data-x":1,
      "attr__data_x":1,"attr__data.x":1,"attr__data:x":1}])"),
            R"(:attr__data_x="1"attr__data-x="1"attr__data:x="1"attr__data.x="1")"
            R"(attr__datax="1"attr__dataX="1"nth-child="0"nth-of-type="0")");
}

TEST(ElementsChain, AnythingButAnArrayOfObjectsIsEmpty) {
  for (const char* raw : {"null", "{}", "\"a\"", "[]", "[1]", "[{},null]"}) {
    EXPECT_EQ(elements_to_chain(raw), "") << raw;
  }
}

}  // namespace
}  // namespace mr::ingest
