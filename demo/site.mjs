// A WordPress of one's own: nginx, php-fpm and MariaDB with the extension and the plugin, in one directory, on a free loopback port.
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { REPOSITORY, USER, privateDir, reachable, runDir } from './place.mjs';
import { alive, answers, endGroup, freePort, launch, runningFile, stop, until } from './process.mjs';
import { PHP_ENVIRONMENT, configure, fpm, mariadb, nginx, php } from './servers.mjs';
import { template } from './template.mjs';

/** In the order of their start. */
const SERVERS = {
	mariadb: { command: 'mariadbd', args: mariadb },
	'php-fpm': { command: 'php-fpm8.2', args: fpm },
	nginx: { command: 'nginx', args: nginx },
};

export class Site {
	/** @param {string} dir Where the site lives; made by start(). */
	constructor( dir ) {
		this.dir = resolve( dir );
		this.run = runDir( this.dir );
		this.engine = join( this.dir, 'bin/qahm-realtimed' );
		// Beside the sockets: whoever deletes the site's directory while it runs can still stop it, and a restart of the machine forgets them.
		this.processFile = join( this.run, 'processes.json' );
		this.processes = this.remembered();
		// Remembered, so that bookmarks and the site's numbers stay: the address is the site's identity.
		this.portFile = join( this.dir, 'port' );
		this.port = existsSync( this.portFile ) ? Number( readFileSync( this.portFile, 'utf8' ) ) : 0;
		this.user = this.password = 'admin';
	}

	get url() {
		return `http://127.0.0.1:${ this.port }`;
	}

	get wordpress() {
		return join( this.dir, 'wordpress' );
	}

	/**
	 * Starts the site (again, if it runs).
	 *
	 * @param {object} options { defines: constants of wp-config.php, settings: INI entries of the extension, extension: false for a PHP without it }
	 */
	async start( { defines = {}, settings = {}, extension = true } = {} ) {
		if ( ! reachable( this.dir ) ) {
			throw new Error( `User ${ USER.name } cannot get into ${ this.dir }: choose another DEMO_DIR` );
		}
		await this.stop();
		privateDir( this.dir );
		privateDir( this.run );
		if ( ! existsSync( join( this.dir, 'mariadb' ) ) ) {
			execFileSync( 'cp', [ '-a', '--reflink=auto', `${ await template() }/.`, this.dir ] );
		}
		const port = await freePort( this.port );
		if ( this.port && port !== this.port ) {
			console.log( `Port ${ this.port } is taken by now: the site moves to ${ port } and begins to count anew` );
		}
		this.port = port;
		writeFileSync( this.portFile, String( port ) );
		const so = extension && this.installBinaries();
		this.installPlugin();
		configure( {
			...this,
			url: this.url,
			extension: so,
			defines: { QAHM_REALTIME_TRUSTED_PROXIES: '127.0.0.1/32', ...defines },
			settings: {
				'qahm_realtime.runtime_dir': this.ownDir( this.run, 'realtime' ),
				'qahm_realtime.data_dir': this.ownDir( this.dir, 'data' ),
				'qahm_realtime.engine': this.engine,
				...settings,
			},
		} );
		this.processes = Object.keys( SERVERS ).map( ( name ) => this.launch( name ) );
		this.remember();
		await this.ready();
	}

	launch( name ) {
		const { command, args } = SERVERS[ name ];
		return launch( name, command, args( this ), { log: join( this.dir, `log/${ name }.log` ), env: PHP_ENVIRONMENT } );
	}

	remember() {
		writeFileSync( this.processFile, JSON.stringify( this.processes, null, '\t' ) );
	}

	remembered() {
		return existsSync( this.processFile ) ? JSON.parse( readFileSync( this.processFile, 'utf8' ) ) : [];
	}

	/** Stops one of the servers and starts it again, with the configuration as it stands there by now. */
	async restart( name ) {
		const server = this.processes.find( ( one ) => one.name === name );
		await stop( server );
		endGroup( server );
		this.processes = this.processes.map( ( one ) => ( one === server ? this.launch( name ) : one ) );
		this.remember();
		await this.untilServing( () => fetch( this.url ).then( ( answer ) => answer.ok, () => false ) );
	}

	/** Waits until the start page is served. */
	async ready() {
		await this.untilServing( () => answers( join( this.run, 'mariadb.sock' ) ) );
		if ( existsSync( join( this.wordpress, 'wp-content/plugins/qahm-realtime/qahm-realtime.php' ) ) ) {
			php( this, 'activate.php' );
		}
		await this.untilServing( () => fetch( this.url ).then( ( answer ) => answer.ok, () => false ) );
	}

	async untilServing( condition ) {
		const dead = () => this.processes.find( ( server ) => ! alive( server ) );
		await until( async () => dead() || await condition(), 30_000 );
		if ( dead() || ! await condition() ) {
			const culprit = dead()?.name ?? 'php-error';
			const file = join( this.dir, `log/${ culprit }.log` );
			const tail = existsSync( file ) ? readFileSync( file, 'utf8' ).slice( -2000 ) : '';
			await this.stop();
			throw new Error( `The site did not start (${ file }):\n${ tail }` );
		}
	}

	/** Stops everything that belongs to the site, the engine too. Nothing is asked of processes that only have a pid of ours by chance. */
	async stop() {
		// Another process may have restarted one of them.
		const remembered = this.remembered();
		const [ database, ...web ] = remembered.length ? remembered : this.processes;
		await Promise.all( web.map( ( server ) => stop( server ) ) );
		web.forEach( endGroup );
		// After PHP, which would start it again.
		await Promise.all( runningFile( this.engine ).map( ( engine ) => stop( engine ) ) );
		if ( database ) {
			await stop( database, 30_000 );
			endGroup( database );
		}
		this.processes = [];
		rmSync( this.processFile, { force: true } );
	}

	/** Stops the site and removes all it had. */
	async remove() {
		await this.stop();
		rmSync( this.dir, { recursive: true, force: true } );
		rmSync( this.run, { recursive: true, force: true } );
	}

	get running() {
		return this.processes.length > 0 && this.processes.every( alive );
	}

	/** Copies the built extension and engine, and the country database, to where the site's user can read them. Returns the extension's path, or undefined if it was not built. */
	installBinaries() {
		const built = join( process.env.CARGO_TARGET_DIR || join( REPOSITORY, 'target' ), process.env.PROFILE || 'quick' );
		const files = {
			'qahm_realtime.so': join( built, 'libqahm_realtime.so' ),
			'qahm-realtimed': join( built, 'qahm-realtimed' ),
			'country.mmdb': join( REPOSITORY, 'crates/enrich/data/node_modules/@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb' ),
		};
		mkdirSync( join( this.dir, 'bin' ), { recursive: true } );
		for ( const [ to, from ] of Object.entries( files ) ) {
			if ( ! existsSync( from ) ) {
				console.log( `${ from } is not there: the site runs without it` );
				continue;
			}
			const path = join( this.dir, 'bin', to );
			copyFileSync( from, `${ path }.new` );
			renameSync( `${ path }.new`, path );
		}
		const extension = join( this.dir, 'bin/qahm_realtime.so' );
		return existsSync( extension ) ? extension : undefined;
	}

	/** The plugin as its archive has it. */
	installPlugin() {
		const plugins = join( this.wordpress, 'wp-content/plugins' );
		rmSync( join( plugins, 'qahm-realtime' ), { recursive: true, force: true } );
		execFileSync( join( REPOSITORY, 'packaging/stage-plugin' ), [ join( plugins, 'qahm-realtime' ) ], { stdio: [ 'ignore', 'ignore', 'inherit' ] } );
		execFileSync( 'chown', [ '-R', `${ USER.uid }:${ USER.gid }`, plugins ] );
	}

	ownDir( parent, name ) {
		return privateDir( join( parent, name ) );
	}
}
