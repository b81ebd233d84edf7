#pragma once

namespace mr::capture {
class CaptureServer;
class CaptureService;
class ProjectFinder;
struct CaptureLimits;
}  // namespace mr::capture
