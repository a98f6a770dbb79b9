/** What the first rung needs of socket.io-client (MIT licence): a file of its own, loaded when it is used. */

export { io } from 'socket.io-client';
