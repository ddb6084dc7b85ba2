"""Use cases: one public function a module."""
