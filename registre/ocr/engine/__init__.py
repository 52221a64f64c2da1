"""What sees words: pages into pictures and text layers, pictures into words with places and certainty."""
