"""Reports as pages that stand alone: one HTML file without scripts, fonts or pictures from elsewhere."""
