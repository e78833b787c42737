/** So often the model writes a skill: once, and three times more after it heard what is wrong. */
export const mostTries = 4;
