// What Explore does with script; without it every page reads and works the same.
