#include "hog/scope.h"

namespace mr::hog {

std::vector<bool> FunctionScope::close() {
  --depth_;
  std::vector<bool> captured;
  while (!locals_.empty() && locals_.back().depth > depth_) {
    captured.push_back(locals_.back().captured);
    const auto place = places_.find(locals_.back().name);
    place->second.pop_back();
    if (place->second.empty()) places_.erase(place);
    locals_.pop_back();
  }
  return captured;
}

std::optional<size_t> FunctionScope::declare(std::string_view name) {
  const auto known = find_local(name);
  if (known && locals_[*known].depth == depth_) return std::nullopt;
  locals_.push_back({name, depth_, false, false});
  places_[name].push_back(locals_.size() - 1);
  return locals_.size() - 1;
}

std::optional<size_t> FunctionScope::find_local(std::string_view name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? std::nullopt : std::optional(place->second.back());
}

std::optional<size_t> FunctionScope::find_upvalue(std::string_view name) {
  if (enclosing_ == nullptr) return std::nullopt;
  if (const auto local = enclosing_->find_local(name)) {
    enclosing_->locals_[*local].captured = true;
    return add_upvalue({true, *local});
  }
  const auto upvalue = enclosing_->find_upvalue(name);
  return upvalue ? std::optional(add_upvalue({false, *upvalue})) : std::nullopt;
}

size_t FunctionScope::add_upvalue(Upvalue upvalue) {
  const auto [place, is_new] = upvalue_places_.try_emplace(upvalue, upvalues_.size());
  if (is_new) upvalues_.push_back(upvalue);
  return place->second;
}

void FunctionScope::append_names(std::vector<std::string_view>& names) const {
  for (const auto& [name, places] : places_) names.push_back(name);
  if (enclosing_ != nullptr) enclosing_->append_names(names);
}

}  // namespace mr::hog
